// The console: which page is shown.
