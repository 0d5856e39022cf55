"""What MkDocs is to do beside building docs/: bring along the files that pages lead to outside of it, and list decisions.

The pages are read on the repository's own site too, where such links work as they are.
"""

import re
from pathlib import Path
from typing import Any, Final

from mkdocs.structure.files import File, Files

LINK: Final = re.compile(r"\]\(((?:\.\./)+[^)#\s]+)((?:#[^)\s]*)?\))")
SHEETS: Final = '<style id="hljs-light"></style><style id="hljs-dark"></style></head>'
"""What the theme's switch between light and dark looks for, and misses where nothing is highlighted (MkDocs 1.6)."""
BROUGHT: Final = "repository"
"""The folder of the site that holds them."""


def on_config(config: Any) -> Any:
    """Add the records of decisions to the end of the navigation, in their order."""
    records = sorted(path.name for path in Path(config.docs_dir, "adr").glob("*.md"))
    config.nav.append({"Decisions": [f"adr/{name}" for name in records]})
    config.mdx_configs["toc"]["slugify"] = anchor
    return config


def anchor(heading: str, separator: str) -> str:
    """Return a heading's anchor without the number that may lead it: the theme's script takes no such selector."""
    words = re.sub(r"[^\w\s-]", "", heading.lower()).split()
    return separator.join(words).lstrip(f"0123456789{separator}")


def on_files(files: Files, config: Any) -> Files:
    """Copy what pages lead to beyond docs/; a whole folder is not brought along."""
    docs = Path(config.docs_dir)
    for page in files.documentation_pages():
        for target, _ in LINK.findall(page.content_string):
            found = (docs / page.src_uri).parent / target
            if found.resolve().is_file() and not found.resolve().is_relative_to(docs):
                name = f"{BROUGHT}/{found.resolve().relative_to(docs.parent)}.txt"
                if files.get_file_from_path(name) is None:
                    files.append(File.generated(config, name, content=found.read_text()))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, **_: Any) -> str:
    """Lead links beyond docs/ to the copies."""
    docs = Path(config.docs_dir)
    here = (docs / page.file.src_uri).parent
    up = "../" * page.file.src_uri.count("/")

    def led(link: re.Match[str]) -> str:
        found = (here / link[1]).resolve()
        if found.is_relative_to(docs) or not found.is_file():
            return link[0]
        return f"]({up}{BROUGHT}/{found.relative_to(docs.parent)}.txt)"

    return LINK.sub(led, markdown)


def on_post_page(output: str, **_: Any) -> str:
    """Let the switch between light and dark work."""
    return output.replace("</head>", SHEETS, 1)


def on_post_template(output_content: str, **_: Any) -> str:
    """Let it work on the page that stands for a missing one."""
    return on_post_page(output_content)
