/// <reference types="vitest/config" />

import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { precompress } from "./build/precompress.ts";

const server = process.env.LAPIS_URL ?? "http://127.0.0.1:8265";

export default defineConfig({
  base: "/studio/",
  plugins: [react(), precompress()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    outDir: "../src/lapisml/server/surfaces/studio/page",
    emptyOutDir: true,
    target: "es2022",
    cssTarget: ["chrome123", "edge123", "firefox120", "safari17.5"], // these know light-dark(), which is left as it is
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 2000,
  },
  server: { proxy: { "^/(api|mlflow)/": { target: server, changeOrigin: true } } },
  test: { environment: "jsdom", setupFiles: ["./src/lib/test-setup.ts"], globals: false, css: false, isolate: false },
});
