/* Loaded before FullCalendar: the sheet it writes its rules to, without the font it carries as data. The page's policy allows
   fonts of its own address only, and none of the font's signs is used. */
(() => {
  "use strict";
  const nonce = document.querySelector("meta[name=csp-nonce]");
  const style = document.createElement("style");
  style.setAttribute("data-fullcalendar", "");
  if (nonce) style.nonce = nonce.content;
  // Before the page's own sheets, which have the last word.
  document.head.insertBefore(style, document.head.querySelector("link[rel=stylesheet]"));
  const sheet = style.sheet;
  if (!sheet) return;
  const insert = sheet.insertRule.bind(sheet);
  sheet.insertRule = (rule, index) => /@font-face/.test(rule) ? index : insert(rule, Math.min(index, sheet.cssRules.length));
})();
