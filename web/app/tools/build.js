/**
 * Builds dist/: two pages, their programs, the verifier. Run by `npm run build`, after scripts/build_wasm.
 *
 * dist/ is served as it is, by anything that serves files, also below a path. dist/zkseal-verifier.html is the verifier's
 * page in one file, for whoever wants to keep it: it runs from a disk, where browsers load nothing beside a page.
 */

import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

const APP = dirname(dirname(fileURLToPath(import.meta.url)));
const DIST = join(APP, "dist");
const MODULES = join(APP, "..", "verifier", "wasm");
const WASM = { verifier: "zkseal_verifier.wasm.gz", attest: "zkseal_attest.wasm.gz" };
/** The verifier's page in one file. */
const SINGLE = join(DIST, "zkseal-verifier.html");
/** Everything that a page loads, together. */
const MAX_BYTES = 1_000_000;

const PROGRAMS = {
  theme: "src/page/theme.ts",
  verifier: "src/verifier/main.ts",
  worker: "src/verifier/worker.ts",
  dashboard: "src/dashboard/main.ts",
};

/** Nothing from elsewhere, nothing inline, no code from text: WebAssembly is the one exception. */
function policy({ script = "'self'", style = "'self'", worker = "'self'" } = {}) {
  return [
    "default-src 'none'",
    `script-src ${script} 'wasm-unsafe-eval'`,
    `worker-src ${worker}`,
    "connect-src 'self'",
    `style-src ${style}`,
    "img-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types zkseal-worker",
  ].join("; ");
}

async function programs() {
  const entryPoints = Object.entries(PROGRAMS).map(([name, source]) => ({ in: join(APP, source), out: name }));
  const options = {
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
  };
  const tsconfig = join(APP, "tsconfig.json");
  // The package's own place for its module is never asked here: the page says where the module is.
  const define = { "import.meta.url": "location.href" };
  await build({ ...options, entryPoints, define, tsconfig, outdir: join(DIST, "assets"), logLevel: "warning" });
}

/** A module, compressed here if it is not yet: a third of its size, also from servers that compress nothing. */
function compressed(name) {
  const packed = join(MODULES, name);
  return existsSync(packed) ? readFileSync(packed) : gzipSync(readFileSync(packed.replace(/\.gz$/, "")), { level: 9 });
}

/** Names with digests: servers may tell browsers to keep such a file for ever. Returns the names by those before. */
function digestNames() {
  const folder = join(DIST, "assets");
  const names = new Map();
  for (const name of readdirSync(folder)) {
    const digest = createHash("sha256")
      .update(readFileSync(join(folder, name)))
      .digest("hex")
      .slice(0, 12);
    const named = name.replace(/^([^.]+)/, `$1-${digest}`);
    renameSync(join(folder, name), join(folder, named));
    names.set(`assets/${name}`, `assets/${named}`);
  }
  return names;
}

function pages(names) {
  for (const page of ["index.html", "dashboard/index.html"]) {
    const text = readFileSync(join(APP, "static", page), "utf8").replace("%CSP%", policy());
    const named = text.replaceAll(
      /assets\/[\w.]+/g,
      (asset) => names.get(asset) ?? fail(`${page} names ${asset}, which is not there`),
    );
    mkdirSync(dirname(join(DIST, page)), { recursive: true });
    writeFileSync(join(DIST, page), named);
  }
}

function fail(reason) {
  throw new Error(reason);
}

/** The verifier's page with everything in it. What runs is named by digests; worker and modules are blocks of data. */
function singleFile() {
  const asset = (name) => readFileSync(join(DIST, "assets", name));
  const hashes = { script: [], style: [] };
  // In a program these stand in texts alone, where the backslash means nothing.
  const textOf = (name) => asset(name).toString().replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
  const inline = (tag, kind, names) => {
    const text = names.map(textOf).join("\n");
    hashes[kind].push(`'sha256-${createHash("sha256").update(text).digest("base64")}'`);
    return `<${tag}>${text}</${tag}>`;
  };
  const data = (id, text) => `<script type="text/plain" id="embedded-${id}">${text}</script>`;
  const style = inline("style", "style", ["style.css", "verifier.css"]);
  const theme = inline("script", "script", ["theme.js"]);
  const program = inline("script", "script", ["verifier.js"]);
  const modules = Object.entries(WASM).map(([id, name]) => data(id, asset(name).toString("base64")));
  const blocks = [data("worker", textOf("worker.js")), ...modules];
  const csp = policy({ script: hashes.script.join(" "), style: hashes.style.join(" "), worker: "blob:" }).replace(
    "connect-src 'self'",
    "connect-src 'none'",
  );
  const page = readFileSync(join(APP, "static", "index.html"), "utf8")
    .replace("%CSP%", () => csp)
    .replace(/<link rel="icon".*\n/, "")
    .replace(/(<link rel="stylesheet".*\n)+/, () => `${style}\n`)
    .replace(/<script src="assets\/theme.js".*\n/, () => `${theme}\n`)
    .replace(/<script src="assets\/verifier.js".*\n/, "")
    .replace(/<a href="dashboard\/".*?<\/a>/, "")
    .replaceAll('href="./"', 'href="#main"')
    .replace("</body>", () => `${blocks.join("\n")}\n${program}\n</body>`);
  writeFileSync(SINGLE, page);
}

/** Fails where the pages and all that they load are too large together. */
function measure() {
  const files = readdirSync(DIST, { recursive: true }).map((name) => join(DIST, name));
  const sizes = files.filter((file) => file !== SINGLE && statSync(file).isFile()).map((file) => statSync(file).size);
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  if (bytes > MAX_BYTES) fail(`The pages have ${bytes} bytes; ${MAX_BYTES} are the limit.`);
  console.log(`zkseal: the web app has ${bytes} bytes, the verifier in one file ${statSync(SINGLE).size}`);
}

rmSync(DIST, { recursive: true, force: true });
mkdirSync(DIST);
cpSync(join(APP, "static", "assets"), join(DIST, "assets"), { recursive: true });
await programs();
for (const name of Object.values(WASM)) writeFileSync(join(DIST, "assets", name), compressed(name));
singleFile();
pages(digestNames());
measure();
