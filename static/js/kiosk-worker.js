// Behind the tablet's page (js/kiosk.js): keeps that one page and what it is drawn with, so that a reload without the network
// shows it again. The network always comes first. What people did is kept by the page, never here.
(function () {
  "use strict";
  var NAME = "kiosk";
  var PAGE = /^\/kiosk\/[^/]+\/$/;
  var PATIENCE = 5000; // a network that never answers is none

  function pathOf(request) { return new URL(request.url).pathname; }

  self.addEventListener("install", function () { self.skipWaiting(); });
  self.addEventListener("activate", function (event) { event.waitUntil(self.clients.claim()); });

  // The page names itself and its files; whatever else was kept of files is of an older version.
  self.addEventListener("message", function (event) {
    var asked = event.data || {};
    if (!asked.page || !PAGE.test(asked.page)) return;
    event.waitUntil(self.caches.open(NAME).then(function (cache) {
      var wanted = [asked.page].concat(asked.files);
      return Promise.all(wanted.map(function (path) {
        return self.fetch(path, { credentials: "same-origin" }).then(function (answer) {
          if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
          return cache.put(path, answer);
        });
      })).then(function () { return cache.keys(); }).then(function (keys) {
        return Promise.all(keys.filter(function (key) {
          return !PAGE.test(pathOf(key)) && wanted.indexOf(pathOf(key)) < 0;
        }).map(function (key) { return cache.delete(key); }));
      });
    }).then(function () { event.ports[0].postMessage("kept"); }, function () { event.ports[0].postMessage("not kept"); }));
  });

  function forget(path) {
    return self.caches.open(NAME).then(function (cache) { return cache.delete(path); });
  }

  // The page as it was kept, until the day that the server said.
  function kept(path) {
    return self.caches.open(NAME).then(function (cache) { return cache.match(path); }).then(function (answer) {
      if (!answer) return undefined;
      var until = Number(answer.headers.get("X-Kiosk-Until"));
      if (!until || until > Date.now()) return answer;
      return forget(path).then(function () { return undefined; });
    });
  }

  function timely(request) {
    return new Promise(function (resolve, reject) {
      self.setTimeout(function () { reject(new Error("no answer")); }, PATIENCE);
      self.fetch(request).then(resolve, reject);
    });
  }

  function open(request) {
    var path = pathOf(request);
    return kept(path).then(function (old) {
      return (old ? timely(request) : self.fetch(request)).then(function (answer) {
        // A kiosk that was closed leaves nothing behind.
        if (answer.status === 404 || answer.status === 410) return forget(path).then(function () { return answer; });
        return answer;
      }, function (error) {
        if (old) return old;
        throw error;
      });
    });
  }

  self.addEventListener("fetch", function (event) {
    var request = event.request;
    if (request.method !== "GET" || new URL(request.url).origin !== self.location.origin) return;
    if (request.mode === "navigate") {
      if (PAGE.test(pathOf(request))) event.respondWith(open(request));
      return;
    }
    event.respondWith(self.fetch(request).catch(function (error) {
      return kept(pathOf(request)).then(function (old) { if (old) return old; throw error; });
    }));
  });
})();
