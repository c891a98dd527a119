// Sets the theme and the text size before the first paint. A file and not an inline script, so that the strict CSP needs no exception.
(function () {
  var root = document.documentElement;
  var theme = 'auto';
  var text = 'normal';
  try {
    theme = localStorage.getItem('quarterdeck-theme') || theme;
    text = localStorage.getItem('quarterdeck-text') || text;
  } catch {
    // Storage can be closed to us; then the system's theme is a good answer.
  }
  var dark = theme === 'dark' || (theme === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches);
  root.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');
  root.setAttribute('data-text', text);
})();
