import { Tabs as MantineTabs } from "@mantine/core";
import type { ReactNode } from "react";
import { useAddressState } from "@/lib/address-state";

export interface Tab {
  id: string;
  label: string;
  content: ReactNode;
}

/** Tabs whose choice stands in the address; only the chosen one is mounted. The first is the default. */
export function Tabs({ tabs, label, name = "tab" }: { tabs: Tab[]; label: string; name?: string }) {
  const first = tabs[0]?.id ?? "";
  const [chosen, choose] = useAddressState(name, first, true);
  const current = tabs.some(({ id }) => id === chosen) ? chosen : first;
  return (
    <MantineTabs value={current} onChange={(id) => choose(id ?? first)} keepMounted={false}>
      <MantineTabs.List aria-label={label} mb="md">
        {tabs.map((tab) => (
          <MantineTabs.Tab key={tab.id} value={tab.id}>
            {tab.label}
          </MantineTabs.Tab>
        ))}
      </MantineTabs.List>
      {tabs.map((tab) => (
        <MantineTabs.Panel key={tab.id} value={tab.id} tabIndex={0}>
          {tab.content}
        </MantineTabs.Panel>
      ))}
    </MantineTabs>
  );
}
