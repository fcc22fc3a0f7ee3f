// Runs before the page paints: says that scripts work, and settles "auto" by the system's setting.
(function () {
  var root = document.documentElement;
  root.classList.add("js");
  if (root.dataset.theme === "auto" && window.matchMedia) {
    var dark = window.matchMedia("(prefers-color-scheme: dark)");
    var settle = function () {
      if (root.dataset.theme === "auto") root.dataset.bsTheme = dark.matches ? "dark" : "light";
    };
    settle();
    if (dark.addEventListener) dark.addEventListener("change", settle);
  }
})();
