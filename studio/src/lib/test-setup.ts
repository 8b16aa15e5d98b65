import { afterEach, beforeAll, vi } from "vitest";
import { cleanup } from "@testing-library/react";
import { startTranslations } from "@/i18n";

beforeAll(async () => {
  vi.stubGlobal("matchMedia", () => ({ matches: false, addEventListener: () => {}, removeEventListener: () => {} }));
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe() {}
      unobserve() {}
      disconnect() {}
    },
  );
  await startTranslations();
});

afterEach(cleanup);
