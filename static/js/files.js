// A file that is too large is named before it is sent; without a script the server says the same afterwards.
(function () {
  "use strict";
  document.addEventListener("change", function (event) {
    var input = event.target;
    if (!input.matches || !input.matches("input[type=file][data-max-bytes]")) return;
    var id = input.id + "_too_large";
    var said = document.getElementById(id);
    if (said) said.remove();
    var file = input.files && input.files[0];
    if (!file || file.size <= parseInt(input.dataset.maxBytes, 10)) return;
    said = document.createElement("p");
    said.id = id;
    said.className = "invalid-feedback";
    said.setAttribute("role", "alert");
    said.textContent = input.dataset.tooLarge;
    input.parentNode.insertBefore(said, input);
    input.value = "";
  });
})();
