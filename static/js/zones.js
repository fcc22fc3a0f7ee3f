// A visitor in another zone reads their own time beside the activity's. Without a script the
// activity's zone stands alone, which is never wrong.
(function () {
  "use strict";
  Array.prototype.forEach.call(document.querySelectorAll("[data-zone][data-start]"), function (note) {
    var start = new Date(note.dataset.start);
    function written(zone) {
      var options = { weekday: "short", month: "short", day: "numeric", hour: "numeric", minute: "2-digit" };
      if (zone) options.timeZone = zone;
      return new Intl.DateTimeFormat("en-US", options).format(start);
    }
    var here = written();
    if (here === written(note.dataset.zone)) return;
    note.textContent = note.dataset.text.replace("{time}", here.replace(/\s?AM$/, " am").replace(/\s?PM$/, " pm"));
    note.hidden = false;
  });
})();
