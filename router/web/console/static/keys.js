// The dialog in which keys are entered.

import { keep, keyOf } from "./api.js";

const dialog = document.querySelector("#keys");
const fields = dialog.querySelectorAll("input");

/** Make the button open the dialog; `changed` is called after keys were. */
export function keysBy(button, changed) {
  button.addEventListener("click", askForKeys);
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "keep") {
      for (const field of fields) keep(field.name, field.value.trim());
      changed();
    }
    for (const field of fields) field.value = "";
  });
}

/** Open the dialog. */
export function askForKeys() {
  for (const field of fields) field.value = keyOf(field.name);
  dialog.returnValue = "";
  dialog.showModal();
}
