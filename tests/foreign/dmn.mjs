// Reads {"dmn": XML, "points": [[size, ulcerated, site], ...]} and prints, for each point, the rules
// that hold there, as dmn-moddle reads the table and feelin its tests.
import { readFileSync } from "node:fs";
import { DmnModdle } from "dmn-moddle";
import { unaryTest } from "feelin";

const { dmn, points } = JSON.parse(readFileSync(0, "utf8"));
const { rootElement, warnings } = await new DmnModdle().fromXML(dmn);
if (warnings.length) throw new Error(JSON.stringify(warnings));
const table = rootElement.drgElement.find((one) => one.$type === "dmn:Decision").decisionLogic;
if (table.hitPolicy !== "UNIQUE") throw new Error(table.hitPolicy);
const names = table.input.map((one) => one.inputExpression.text);

function holds(rule, point) {
  return rule.inputEntry.every((entry, column) => {
    if (entry.text === "-") return true;
    const result = unaryTest(entry.text, { "?": point[column], [names[column]]: point[column] });
    return (result?.value ?? result) === true;
  });
}

const found = points.map((point) =>
  table.rule.filter((rule) => holds(rule, point)).map((rule) => rule.outputEntry.map((one) => JSON.parse(one.text))),
);
console.log(JSON.stringify(found));
