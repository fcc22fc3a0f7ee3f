// Small helpers on top of pages that work without them. No framework, no inline code, nothing stored but the theme.
(function () {
  "use strict";
  var doc = document;
  function all(selector, scope) { return Array.prototype.slice.call((scope || doc).querySelectorAll(selector)); }

  // --- theme: radio buttons in the account menu; the server reads the cookie at the next page ---
  doc.addEventListener("change", function (event) {
    var input = event.target;
    if (!input.matches || !input.matches("[data-theme-choice]")) return;
    var value = input.value;
    var root = doc.documentElement;
    var secure = location.protocol === "https:" ? "; Secure" : "";
    doc.cookie = "theme=" + value + "; Path=/; Max-Age=31536000; SameSite=Lax" + secure;
    root.dataset.theme = value;
    root.dataset.bsTheme = value === "auto" ? (window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light") : value;
    all("[data-theme-choice]").forEach(function (other) { other.checked = other.value === value; });
  });

  // --- menus are <details>: close on Escape, on a click elsewhere, when focus leaves ---
  function closeMenus(except) {
    all("details.menu[open]").forEach(function (menu) { if (menu !== except) menu.open = false; });
  }
  doc.addEventListener("click", function (event) { closeMenus(event.target.closest("details.menu")); });
  doc.addEventListener("focusin", function (event) { closeMenus(event.target.closest("details.menu")); });
  doc.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") return;
    var menu = doc.querySelector("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  });

  // --- credit stepper: quarters, capped, live total. Sums in quarters so that no float is ever added ---
  function quarters(text) {
    var match = /^\s*(\d{1,3})(?:[.,](\d{1,2}))?\s*$/.exec(text || "");
    if (!match) return null;
    var hundredths = parseInt(match[1], 10) * 100 + parseInt(((match[2] || "") + "00").slice(0, 2), 10);
    return Math.round(hundredths / 25);
  }
  function written(count) {
    var hundredths = count * 25;
    return Math.floor(hundredths / 100) + "." + ("0" + (hundredths % 100)).slice(-2);
  }
  function stepper(box) {
    var input = box.querySelector("input");
    var buttons = all("button", box);
    var max = quarters(input.getAttribute("max") || input.dataset.max || "");
    var min = quarters(input.getAttribute("min") || "0") || 0;
    function show(count) {
      if (max !== null && count > max) count = max;
      if (count < min) count = min;
      input.value = written(count);
      refresh();
      input.dispatchEvent(new Event("input", { bubbles: true }));
    }
    // aria-disabled, not disabled: a disabled button would drop the keyboard focus that stands on it
    function refresh() {
      var count = quarters(input.value);
      var off = [count !== null && count <= min, count !== null && max !== null && count >= max];
      buttons.forEach(function (button, i) { button.setAttribute("aria-disabled", off[i] ? "true" : "false"); });
    }
    buttons.forEach(function (button, i) {
      button.disabled = false;
      button.addEventListener("click", function () {
        if (button.getAttribute("aria-disabled") === "true") return;
        var count = quarters(input.value);
        show((count === null ? min : count) + (i === 0 ? -1 : 1));
        input.dispatchEvent(new Event("change", { bubbles: true }));
      });
    });
    input.addEventListener("change", function (event) {
      var count = quarters(input.value);
      if (count !== null && event.isTrusted) show(count);
    });
    input.addEventListener("input", refresh);
    refresh();
  }
  // A total: <form data-total> with inputs [data-credit] (data-kind groups them), outputs [data-total-of="kind"],
  // and words that depend on it: [data-one="credit" data-many="credits"].
  function total(form) {
    function sum() {
      all("[data-total-of]").forEach(function (out) {
        var kind = out.dataset.totalOf;
        var count = 0;
        var minutes = 0;
        all("[data-credit]", form).forEach(function (input) {
          if (kind && input.dataset.kind !== kind) return;
          var chosen = quarters(input.value) || 0;
          count += chosen;
          // Left at its cap, a session counts all its minutes: a course's total is rounded once (AMA-CALC-2).
          minutes += chosen && chosen === quarters(input.dataset.max) ? parseInt(input.dataset.minutes, 10) || chosen * 15 : chosen * 15;
        });
        if ("once" in out.dataset) count = Math.floor((2 * minutes + 15) / 30);
        var cap = quarters(out.dataset.cap || "");
        if (cap !== null && count > cap) count = cap;
        out.textContent = written(count);
        all("[data-one]", out.closest("[data-total-group]") || out.parentNode).forEach(function (word) {
          word.textContent = count <= 4 ? word.dataset.one : word.dataset.many;
        });
      });
    }
    form.addEventListener("input", sum);
    sum();
  }

  // --- word counters: <textarea data-words="100"> with <p class="counter"><span data-count-for="id">…</span> ---
  function words(text) { var found = text.trim().match(/\S+/g); return found ? found.length : 0; }
  function counter(area) {
    var out = area.id && doc.querySelector('[data-count-for="' + area.id + '"]');
    if (!out) return;
    var limit = parseInt(area.dataset.words, 10);
    function show() {
      var count = words(area.value);
      out.textContent = out.dataset.text.replace("{n}", count).replace("{max}", limit);
      out.classList.toggle("over", count > limit);
    }
    area.addEventListener("input", show);
    show();
  }

  // --- autosave: htmx does the sending, this says when it was saved and warns before text is lost ---
  var dirty = new Set();
  function clockText() {
    return new Date().toLocaleTimeString("en-US", { hour: "numeric", minute: "2-digit" }).replace(" AM", " am").replace(" PM", " pm").replace("\u202fAM", " am").replace("\u202fPM", " pm");
  }
  function say(state, text) {
    all("[data-saved]").forEach(function (out) {
      out.dataset.state = state;
      out.hidden = false;
      (out.querySelector("[data-saved-text]") || out).textContent = text;
    });
  }
  doc.addEventListener("input", function (event) {
    var form = event.target.closest && event.target.closest("form[data-autosave]");
    if (form) dirty.add(form);
  });
  doc.addEventListener("submit", function (event) { dirty.delete(event.target); });
  window.addEventListener("beforeunload", function (event) { if (dirty.size) { event.preventDefault(); event.returnValue = ""; } });
  doc.addEventListener("htmx:beforeRequest", function (event) {
    if (event.target.closest("form[data-autosave]")) say("saving", "Saving");
  });
  doc.addEventListener("htmx:afterRequest", function (event) {
    var form = event.target.closest("form[data-autosave]");
    if (!form) return;
    if (event.detail.successful) {
      dirty.delete(form);
      say("saved", "Saved " + (event.detail.xhr.getResponseHeader("X-Saved-At") || clockText()));
    } else {
      say("failed", event.detail.xhr.getResponseHeader("X-Refused") || "Not saved. Check the connection; your text is still here.");
    }
  });
  doc.addEventListener("htmx:afterSwap", function (event) {
    start(event.target);
    var heading = event.target.querySelector && event.target.querySelector("[data-focus]");
    if (heading) { heading.setAttribute("tabindex", "-1"); heading.focus(); }
  });
  // htmx answers with status 4xx may carry a form with its errors: swap them too
  doc.addEventListener("htmx:beforeSwap", function (event) {
    if (event.detail.xhr.status === 422) { event.detail.shouldSwap = true; event.detail.isError = false; }
  });

  // --- copy: <button data-copy="#id" or data-copy-text="…">; says so in its own words ---
  doc.addEventListener("click", function (event) {
    var button = event.target.closest("[data-copy],[data-copy-text]");
    if (!button || !navigator.clipboard) return;
    var source = button.dataset.copy && doc.querySelector(button.dataset.copy);
    var text = source ? (source.value || source.textContent).trim() : button.dataset.copyText;
    navigator.clipboard.writeText(text).then(function () {
      var label = button.querySelector("[data-copy-label]") || button;
      var before = label.textContent;
      label.textContent = button.dataset.copied || "Copied";
      window.setTimeout(function () { label.textContent = before; }, 2500);
    });
  });

  // --- undo bar: stays 10 seconds, longer while it has the pointer or the focus ---
  function undo(bar) {
    var seconds = parseInt(bar.dataset.undo, 10) || 10;
    var timer = window.setInterval(function () {
      if (bar.matches(":hover") || bar.contains(doc.activeElement)) return;
      seconds -= 1;
      if (seconds <= 0) { window.clearInterval(timer); bar.remove(); }
    }, 1000);
  }

  // --- print, and fold-outs that a link points into ---
  doc.addEventListener("click", function (event) { if (event.target.closest("[data-print]")) window.print(); });
  function openTarget() {
    var target = location.hash.length > 1 && doc.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (var node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
    if (target) target.scrollIntoView();
  }
  window.addEventListener("hashchange", openTarget);

  // --- a code is typed as it is printed: capitals, no blanks ---
  doc.addEventListener("input", function (event) {
    if (!event.target.matches || !event.target.matches("[data-code]")) return;
    var at = event.target.selectionStart;
    event.target.value = event.target.value.toUpperCase();
    if (at !== null) event.target.setSelectionRange(at, at);
  });

  // --- filters apply at once when there is a script; without it the form has its button ---
  doc.addEventListener("change", function (event) {
    var form = event.target.closest && event.target.closest("form[data-submit-on-change]");
    if (form) form.requestSubmit();
  });
  // --- one press is one press: a submit button waits for the answer ---
  doc.addEventListener("submit", function (event) {
    var form = event.target;
    if (event.defaultPrevented || form.matches("[data-autosave][hx-post]")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    if ((form.getAttribute("method") || "get").toLowerCase() === "post") form.dataset.sent = "1";
  });
  window.addEventListener("pageshow", function () { all("form[data-sent]").forEach(function (form) { delete form.dataset.sent; }); });

  function each(scope, selector, run) {
    all(selector, scope).concat(scope.matches && scope.matches(selector) ? [scope] : []).forEach(function (node) {
      if (node.dataset.started) return;
      node.dataset.started = "1";
      run(node);
    });
  }
  function start(scope) {
    each(scope, ".stepper", stepper);
    each(scope, "form[data-total]", total);
    each(scope, "textarea[data-words]", counter);
    each(scope, "[data-undo]", undo);
  }
  start(doc);
  if (location.hash) openTarget();
  var summary = doc.querySelector("[data-error-summary]");
  if (summary) summary.focus();
})();
