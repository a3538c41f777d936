// Loaded with `node --require`, it hides the native binding of ssh2, which then uses Node's own cryptography, as where it was not built.
// Programs that a test starts inherit it by NODE_OPTIONS.
const { extname } = require("node:path");
const Module = require("node:module");

const load = Module._load;
Module._load = function (request, ...rest) {
  if (extname(request) === ".node" && request.includes("sshcrypto")) {
    throw Object.assign(new Error(`${request} is hidden`), { code: "MODULE_NOT_FOUND" });
  }
  return load.call(this, request, ...rest);
};
