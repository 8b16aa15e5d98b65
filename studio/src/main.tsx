import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "@/app/base.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { signInFromAddress } from "@/api/session";
import { App } from "@/app/App";
import { startTranslations } from "@/i18n";

async function start(): Promise<void> {
  const [refusal] = await Promise.all([signInFromAddress(), startTranslations()]);
  const root = document.getElementById("root");
  if (!root) throw new Error("The page has no root.");
  createRoot(root).render(
    <StrictMode>
      <App refusal={refusal} />
    </StrictMode>,
  );
}

void start();
