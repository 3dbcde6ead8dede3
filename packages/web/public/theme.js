// A classic script on purpose: it runs before the first paint, so a dark page never flashes white. It stands in its own
// file because the content security policy allows no inline script.
(() => {
  let stored = null;
  try {
    stored = localStorage.getItem('belay.theme');
  } catch {
    // Storage may be forbidden; then the system's preference decides.
  }
  const dark = stored === null ? matchMedia('(prefers-color-scheme: dark)').matches : stored === 'dark';
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();
