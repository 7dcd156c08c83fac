/* Month and week of the calendar, drawn by FullCalendar in place of the list that stands in the page anyway.
   Days, view and filters are those of the address; turning pages is a link. Dragging moves what may be moved, and can be undone.
   Times are the portal's own clock, whatever clock the browser has. */
(() => {
  "use strict";
  const WIDE = window.matchMedia("(min-width: 992px)").matches;
  const grid = document.getElementById("calendar-grid");
  const list = document.getElementById("calendar-list");
  if (!grid || !window.FullCalendar) return;
  const data = grid.dataset;

  const view = data.view || (WIDE ? "month" : "list");
  document.querySelectorAll("[data-calendar-view]").forEach((link) => {
    if (link.dataset.calendarView === view) link.setAttribute("aria-current", "true");
  });
  // Seven columns of hours do not fit a phone: there the week is a list.
  if (view === "list" || (view === "week" && !WIDE)) return;

  const weeks = JSON.parse(data.weeks);
  const day = (date) => new Date(date.getTime() - date.getTimezoneOffset() * 60000).toISOString().slice(0, 10);
  const minute = (date) => new Date(date.getTime() - date.getTimezoneOffset() * 60000).toISOString().slice(0, 16);

  // --- What an entry looks like -----------------------------------------------------------------
  function part(name, css, text) {
    const node = document.createElement(name);
    node.className = css;
    node.textContent = text;
    return node;
  }

  function sign(name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `${data.sprite}#${name}`);
    svg.append(use);
    return svg;
  }

  function content(info) {
    const more = info.event.extendedProps;
    if (more.mark) return { domNodes: [part("span", "grid-mark", info.event.title)] };
    const nodes = [sign(more.icon)];
    // A day of the month has room for the word or for the hour.
    if (info.timeText && !(more.cancelled && view === "month")) nodes.push(part("span", "grid-time", info.timeText));
    nodes.push(part(more.cancelled ? "s" : "span", "grid-title", info.event.title));
    if (more.cancelled) nodes.push(part("span", "grid-word", data.wordCancelled));
    if (more.mine && !more.cancelled) {
      const mine = part("span", "grid-mine", "");
      mine.append(sign("person-check"), part("span", "visually-hidden", data.wordMine));
      nodes.push(mine);
    }
    return { domNodes: nodes };
  }

  function classes(info) {
    const more = info.event.extendedProps;
    if (more.mark) return [`mark-${more.mark}`];
    return [`tone-${more.tone}`, more.cancelled ? "is-off" : "", more.mine ? "is-mine" : "", more.move ? "is-movable" : ""].filter(Boolean);
  }

  // --- What is said -----------------------------------------------------------------------------
  function say(kind, words, undo) {
    const toast = document.getElementById(`calendar-${kind}`).content.firstElementChild.cloneNode(true);
    toast.querySelector("[data-words]").textContent = words;
    const button = toast.querySelector("[data-undo]");
    if (button && undo) button.addEventListener("click", () => { toast.remove(); undo(); });
    else if (button) button.remove();
    document.getElementById("toasts").append(toast);
    document.dispatchEvent(new CustomEvent("portal:toast"));
  }

  // --- Where entries come from ------------------------------------------------------------------
  function load(span, done, failed) {
    const address = new URL(data.entries, window.location.href);
    address.searchParams.set("start", day(span.start));
    address.searchParams.set("end", day(span.end));
    fetch(address, { headers: { Accept: "application/json" } })
      .then((response) => response.ok ? response.json() : Promise.reject(new Error(String(response.status))))
      .then((found) => done([
        ...found.days,
        ...found.events.map((event) => ({ ...event, editable: Boolean(event.move) })),
      ]))
      .catch((fault) => {
        failed(fault);
        grid.hidden = true;
        list.hidden = false;
        say("refused", data.wordFailed);
      });
  }

  // --- Moving -----------------------------------------------------------------------------------
  function token() {
    try {
      return JSON.parse(document.body.getAttribute("hx-headers") || "{}")["X-CSRFToken"] || "";
    } catch { return ""; }
  }

  // Answers {text, undo}; a refusal is a fault with its words.
  function send(address, times) {
    return fetch(address, {
      method: "POST",
      headers: { Accept: "application/json", "X-CSRFToken": token() },
      body: new URLSearchParams(times),
    }).then(async (response) => {
      const answer = await response.json().catch(() => ({}));
      if (!response.ok) throw new Error(answer.text || data.wordNotMoved);
      return answer;
    }, () => { throw new Error(data.wordNotMoved); });
  }

  function moved(info) {
    const back = (undo) => send(undo, {})
      .then(() => { calendar.refetchEvents(); say("done", data.wordBack); })
      .catch((fault) => say("refused", fault.message));
    send(info.event.extendedProps.move, { starts: minute(info.event.start), ends: minute(info.event.end) })
      .then((answer) => say("done", answer.text || data.wordMoved, answer.undo && (() => back(answer.undo))))
      .catch((fault) => { info.revert(); say("refused", fault.message); });
  }

  // --- The calendar -----------------------------------------------------------------------------
  grid.hidden = false;
  list.hidden = true;
  const calendar = new window.FullCalendar.Calendar(grid, {
    initialView: view === "week" ? "timeGridWeek" : "dayGridMonth",
    initialDate: data.on,
    now: data.now,
    locale: document.documentElement.lang.toLowerCase().startsWith("zh") ? "zh-cn" : "en",
    firstDay: 1,
    headerToolbar: false,
    height: view === "week" ? 720 : "auto",
    fixedWeekCount: false,
    nowIndicator: true,
    scrollTime: "07:30",
    weekNumbers: true,
    weekNumberContent: (info) => {
      const monday = new Date(info.date);
      monday.setDate(monday.getDate() - ((monday.getDay() + 6) % 7));
      const word = weeks[day(monday)] || "";
      return WIDE ? word : (word.match(/\d+/) || [word])[0];
    },
    dayCellContent: (info) => view === "month" ? String(info.date.getDate()) : "",
    dayMaxEvents: WIDE ? 4 : 3,
    moreLinkText: (count) => data.wordMore.replace("#", String(count)),
    allDayText: data.wordAllDay,
    eventDisplay: "block",
    eventTimeFormat: { hour: "2-digit", minute: "2-digit", hour12: false },
    slotLabelFormat: { hour: "2-digit", minute: "2-digit", hour12: false },
    displayEventEnd: view === "week",
    events: load,
    eventContent: content,
    eventClassNames: classes,
    eventInteractive: true,
    eventDidMount: (info) => {
      if (info.event.display !== "background") info.el.title = `${info.event.title} · ${info.event.extendedProps.words}`;
    },
    snapDuration: "00:15",
    // What has a time of day keeps one.
    eventAllow: (place, event) => place.allDay === event.allDay || view === "month",
    eventDrop: moved,
    eventResize: moved,
    dateClick: data.plan ? (info) => { window.location.assign(`${data.plan}?on=${info.dateStr.slice(0, 10)}`); } : undefined,
  });
  calendar.render();
})();
