// uid|start|end in seconds since 1970, by node-ical, of an address that it fetches itself.
import ical from "node-ical";

for (const event of Object.values(await ical.async.fromURL(process.argv[2]))) {
  if (event.type !== "VEVENT") continue;
  console.log(`${event.uid}|${event.start.getTime() / 1000}|${event.end.getTime() / 1000}`);
}
