// `node lint.js FILE`: instructions and findings of a Containerfile as one JSON object on standard output.
import { readFileSync } from "node:fs";
import utils from "dockerfile-utils";
import ast from "dockerfile-ast";

const text = readFileSync(process.argv[2], "utf8");
const instructions = ast.DockerfileParser.parse(text)
  .getInstructions()
  .map((one) => [one.getKeyword(), one.getArgumentsContent() ?? ""]);
const findings = utils.validate(text).map((one) => [one.range.start.line + 1, one.message]);
console.log(JSON.stringify({ instructions, findings }));
