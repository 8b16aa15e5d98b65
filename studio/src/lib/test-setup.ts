import { cleanup, configure } from "@testing-library/react";
import { afterEach, beforeAll } from "vitest";
import { startTranslations } from "@/i18n";

class NoObserver {
  observe() {}
  unobserve() {}
  disconnect() {}
}

// what jsdom lacks, set for good: a test's own stubs come and go
Object.assign(window, {
  matchMedia: () => ({ matches: false, addEventListener: () => {}, removeEventListener: () => {} }),
  ResizeObserver: NoObserver,
  scrollTo: () => {},
});

// without a layout every box is empty, and a virtual table would show no row
for (const name of ["offsetHeight", "clientHeight"]) setSize(name, 600);
for (const name of ["offsetWidth", "clientWidth"]) setSize(name, 1000);

function setSize(name: string, size: number): void {
  Object.defineProperty(HTMLElement.prototype, name, { configurable: true, get: () => size });
}

configure({ asyncUtilTimeout: 4_000 }); // a busy machine is no fault

beforeAll(async () => {
  await startTranslations();
});
afterEach(cleanup);
