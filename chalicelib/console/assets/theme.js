// Sets light or dark before anything is drawn; a classic script, so that nothing flashes.
(() => {
  const chosen = localStorage.getItem("bellpull.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
