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
    input.dataset.left = "yes";
  });
  // The form is not sent without the file that was chosen: once stopped, a second press means it.
  document.addEventListener("submit", function (event) {
    var input = event.target.querySelector("input[type=file][data-left]");
    if (!input || (input.files && input.files.length)) return;
    delete input.dataset.left;
    event.preventDefault();
    var said = document.getElementById(input.id + "_too_large");
    if (said) said.textContent = input.dataset.tooLarge + " " + input.dataset.without;
    input.focus();
  });
})();
