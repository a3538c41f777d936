import { fileURLToPath } from "node:url";
import { loadSync } from "@grpc/proto-loader";

/** The definitions of echo.proto, as @grpc/proto-loader has them. */
export const definitions = loadSync(fileURLToPath(new URL("echo.proto", import.meta.url)), { longs: Number });
