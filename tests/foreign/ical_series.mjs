// The taken times of calendars in a window, by ical.js: a second reader of busy files.
// In: JSON [{text, zone, first, last}], zone being the clinic's VTIMEZONE; out: [[start, end]].
import { readFileSync } from "node:fs";
import ICAL from "ical.js";

const MOST = 20000;

function instant(time, clinic) {
  const at = time.clone();
  if (at.isDate) {
    at.isDate = false;
    at.zone = clinic;
  } else if (at.zone === ICAL.Timezone.localTimezone) {
    at.zone = clinic;
  }
  return at.toUnixTime();
}

function isTaken(component) {
  const text = (name) => String(component.getFirstPropertyValue(name) || "").toUpperCase();
  return text("transp") !== "TRANSPARENT" && text("status") !== "CANCELLED";
}

function spans({ text, zone, first, last }) {
  ICAL.TimezoneService.reset();
  const clinic = new ICAL.Timezone(new ICAL.Component(ICAL.parse(zone)));
  const found = [];
  const read = ICAL.parse(text);
  for (const parsed of Array.isArray(read[0]) ? read : [read]) {
    const calendar = new ICAL.Component(parsed);
    for (const own of calendar.getAllSubcomponents("vtimezone")) {
      ICAL.TimezoneService.register(own);
    }
    const events = calendar.getAllSubcomponents("vevent");
    const add = (component, start, end) => {
      const [from, to] = [instant(start, clinic), instant(end, clinic)];
      if (isTaken(component) && Math.max(from, first) < Math.min(to, last)) {
        found.push([Math.max(from, first), Math.min(to, last)]);
      }
    };
    for (const component of events) {
      const event = new ICAL.Event(component);
      if (event.isRecurrenceException()) continue;
      for (const other of events) {
        const change = new ICAL.Event(other);
        if (change.isRecurrenceException() && change.uid === event.uid) {
          event.relateException(change);
        }
      }
      if (!event.isRecurring()) {
        add(component, event.startDate, event.endDate);
        continue;
      }
      const iterator = event.iterator();
      for (let n = 0; n < MOST; n += 1) {
        const next = iterator.next();
        if (!next || instant(next, clinic) > last + 90 * 86400) break;
        const { item, startDate, endDate } = event.getOccurrenceDetails(next);
        add(item.component, startDate, endDate);
      }
    }
  }
  return found.sort((one, other) => one[0] - other[0] || one[1] - other[1]);
}

const asked = JSON.parse(readFileSync(0, "utf8"));
console.log(
  JSON.stringify(
    asked.map((one) => {
      try {
        return spans(one);
      } catch (error) {
        return String(error);
      }
    }),
  ),
);
