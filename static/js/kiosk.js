// The tablet at the door: every press is kept on the tablet first, then brought, so that it may lose the network.
(function () {
  "use strict";
  var doc = document;
  var box = doc.getElementById("kiosk");
  if (!box) return;
  var STORE = "kiosk:" + box.dataset.kiosk;
  var EVERY = 10000;
  var MOST = 100; // entries brought at once
  var BADGE = /^(?=\S*\d)[A-Za-z0-9._:/+=-]{4,60}$/;
  var field = doc.getElementById("id_value");
  var said = doc.getElementById("said");
  var state = doc.getElementById("state");
  var whose = doc.getElementById("whose");
  var none = doc.getElementById("none");
  var guest = doc.getElementById("guest");
  var rows = Array.prototype.slice.call(doc.querySelectorAll("#names > li"));
  var busy = false;
  var closed = false;
  var memory = null; // entries while the browser keeps nothing (a private window, no room left)

  function kept() {
    if (memory) return memory;
    try { return JSON.parse(window.localStorage.getItem(STORE) || "[]"); } catch (error) { return []; }
  }
  function keep(entries) {
    try { window.localStorage.setItem(STORE, JSON.stringify(entries)); memory = null; } catch (error) { memory = entries; }
    show();
  }
  function show() {
    var n = kept().length;
    state.classList.toggle("waiting", n > 0);
    var text = closed && n ? box.dataset.closed : n ? box.dataset.waiting : box.dataset.all;
    text = text.replace("{n}", n);
    if (state.textContent !== text) state.textContent = text;
  }
  function key() {
    if (window.crypto.randomUUID) return window.crypto.randomUUID();
    var b = window.crypto.getRandomValues(new Uint8Array(16));
    b[6] = (b[6] & 15) | 64; b[8] = (b[8] & 63) | 128;
    var hex = Array.prototype.map.call(b, function (x) { return ("0" + x.toString(16)).slice(-2); }).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }
  function say(id, selector, text) {
    var part = doc.getElementById(id).content.cloneNode(true);
    part.querySelector(selector).textContent = text;
    said.replaceChildren(part);
  }
  function take(kind, value, name) {
    keep(kept().concat([{ key: key(), kind: kind, value: value, name: name || "", at: new Date().toISOString() }]));
    say("said-in", ".kiosk-in", name ? box.dataset.in + ", " + name : box.dataset.in);
    whose.hidden = true;
    ready();
    bring();
  }
  function ready() {
    field.value = "";
    filter();
    guest.open = false;
    field.focus();
  }

  // --- bringing what was kept -------------------------------------------------------------------------
  function bring() {
    var entries = kept().slice(0, MOST);
    if (busy || closed || !entries.length) return;
    busy = true;
    var token = doc.querySelector("[name=csrfmiddlewaretoken]").value;
    window.fetch(box.dataset.sync, {
      method: "POST", credentials: "same-origin",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      body: JSON.stringify({ now: new Date().toISOString(), entries: entries })
    }).then(function (response) {
      if (response.status === 410 || response.status === 404) { closed = true; forget(); throw new Error("closed"); }
      if (!response.ok) throw new Error(String(response.status));
      return response.json();
    }).then(function (answer) {
      var done = {};
      answer.done.forEach(function (row) { done[row.key] = row; });
      keep(kept().filter(function (entry) { return !done[entry.key]; }));
      box.querySelector("[data-present]").textContent = answer.present;
      var last = entries[entries.length - 1];
      var row = done[last.key];
      if (row && row.state === "problem") say("said-bad", ".kiosk-bad", row.problem);
      if (row && row.state === "whose") { whose.querySelector("[name=badge]").value = last.value; whose.hidden = false; }
      busy = false;
      if (kept().length) bring();
    }).catch(function () { busy = false; show(); });
  }

  // --- the one field: a badge, or the beginning of a name ----------------------------------------------
  function fits(name, words) {
    var parts = name.toLowerCase().split(/[\s-]+/);
    return words.length > 0 && words.every(function (word) { return parts.some(function (part) { return part.indexOf(word) === 0; }); });
  }
  function filter() {
    var typed = field.value.trim();
    var words = BADGE.test(typed) || typed.length < 2 ? [] : typed.toLowerCase().split(/[\s,-]+/).filter(Boolean);
    var found = 0;
    rows.forEach(function (row) { row.hidden = !fits(row.dataset.name, words) || found >= 12; if (!row.hidden) found += 1; });
    none.hidden = !words.length || found > 0;
    return found;
  }
  field.addEventListener("input", filter);
  doc.addEventListener("submit", function (event) {
    var form = event.target;
    if (!box.contains(form) || form.querySelector("[name=badge]")) return;
    event.preventDefault();
    var kind = form.querySelector("[name=kind]").value;
    var value = form.querySelector("[name=value]").value.trim();
    if (kind === "any") {
      if (BADGE.test(value)) take("badge", value, "");
      else if (value && filter() === 0) { guest.open = true; doc.getElementById("id_guest").value = value; doc.getElementById("id_address").focus(); }
      return;
    }
    var name = form.querySelector("[name=name]");
    if (kind === "guest" && !form.reportValidity()) return;
    take(kind, value, name ? name.value.trim() : "");
    if (kind === "guest") form.reset();
  }, true);

  // --- a reload without the network: the worker keeps this page and what it is drawn with ----------------
  function files() {
    var paths = {};
    function add(address) {
      if (!address) return;
      var url = new URL(address, doc.baseURI);
      if (url.origin === window.location.origin && url.pathname.indexOf(box.dataset.files) === 0) paths[url.pathname] = true;
    }
    doc.querySelectorAll("link[rel~=stylesheet], link[rel~=icon], link[rel~=preload]").forEach(function (part) { add(part.href); });
    doc.querySelectorAll("script[src], img[src]").forEach(function (part) { add(part.src); });
    doc.querySelectorAll("use").forEach(function (part) { add(part.getAttribute("href")); });
    window.performance.getEntriesByType("resource").forEach(function (entry) { add(entry.name); });
    return Object.keys(paths);
  }
  function prepare() {
    if (!navigator.serviceWorker) return; // without https, or in an old browser: the tab stays open instead
    navigator.serviceWorker.register(box.dataset.worker, { scope: box.dataset.scope }).then(function () {
      return navigator.serviceWorker.ready;
    }).then(function (registration) {
      var channel = new MessageChannel();
      channel.port1.onmessage = function (event) { box.dataset.reload = event.data; };
      registration.active.postMessage({ page: window.location.pathname, files: files() }, [channel.port2]);
    }).catch(function () { /* the page works as before, but for a reload */ });
  }
  function forget() {
    if (!navigator.serviceWorker || !window.caches) return;
    window.caches.open("kiosk").then(function (cache) {
      return cache.delete(window.location.pathname).then(function () { return cache.keys(); });
    }).then(function (keys) {
      if (keys.some(function (key) { return new URL(key.url).pathname.indexOf(box.dataset.scope) === 0; })) return null;
      return window.caches.delete("kiosk").then(function () { return navigator.serviceWorker.getRegistration(box.dataset.scope); })
        .then(function (registration) { return registration ? registration.unregister() : null; });
    }).catch(function () { /* nothing was kept */ });
    delete box.dataset.reload;
  }

  window.addEventListener("load", prepare);
  window.addEventListener("online", bring);
  window.setInterval(function () { if (kept().length) bring(); }, EVERY);
  show();
  if (doc.activeElement === doc.body) field.focus();
  bring();
})();
