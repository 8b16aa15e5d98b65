import { Accordion, Alert, List } from "@mantine/core";
import { IconAlertTriangle, IconInfoCircle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { EnvironmentBuild } from "@/api/environments";
import { CodeEditor } from "@/components/code/CodeEditor";
import { KeyValues } from "@/components/KeyValues";
import { StatusBadge } from "@/components/StatusBadge";
import { packagesOf } from "@/pages/environments/lock";
import { Packages } from "@/pages/environments/Packages";

/** What was built of a definition: Python, packages, departures, lock, log. */
export function BuildDetails({ build }: { build: EnvironmentBuild }) {
  const { t } = useTranslation(["environments", "common"]);
  const packages = packagesOf(build.lock ?? "");
  return (
    <>
      {build.reason && (
        <Alert color="orange" icon={<IconAlertTriangle aria-hidden />} title={t("state.Impossible")}>
          {build.reason}
        </Alert>
      )}
      {build.warnings.length > 0 && (
        <Alert color="yellow" icon={<IconInfoCircle aria-hidden />} title={t("warnings")}>
          <List size="sm">
            {build.warnings.map((warning) => (
              <List.Item key={warning}>{warning}</List.Item>
            ))}
          </List>
        </Alert>
      )}
      <KeyValues
        label={t("build")}
        pairs={[
          { label: t("common:status"), value: <BuildState state={build.state} /> },
          { label: "Python", value: build.python },
          { label: t("packages"), value: build.lock ? String(packages.length) : null },
          {
            label: t("resolution"),
            value: t(`strictness.${build.resolution as "host"}`, { defaultValue: build.resolution }),
          },
          { label: t("key"), value: build.key },
        ]}
      />
      <Parts build={build} packages={packages} />
    </>
  );
}

function BuildState({ state }: { state: EnvironmentBuild["state"] }) {
  const { t } = useTranslation("environments");
  return state === "Ready" ? <StatusBadge status="Ready" /> : <span>{t(`state.${state}`)}</span>;
}

function Parts({ build, packages }: { build: EnvironmentBuild; packages: ReturnType<typeof packagesOf> }) {
  const { t } = useTranslation("environments");
  if (!build.lock && !build.log) return null;
  return (
    <Accordion multiple variant="separated" order={2} defaultValue={build.state === "Unfinished" ? ["log"] : []}>
      {build.lock && (
        <Accordion.Item value="packages">
          <Accordion.Control>{t("packageList")}</Accordion.Control>
          <Accordion.Panel>
            <Packages packages={packages} />
          </Accordion.Panel>
        </Accordion.Item>
      )}
      {build.lock && (
        <Accordion.Item value="lock">
          <Accordion.Control>{t("lock")}</Accordion.Control>
          <Accordion.Panel>
            <CodeEditor value={build.lock} name="requirements.lock" label={t("lock")} height="420px" />
          </Accordion.Panel>
        </Accordion.Item>
      )}
      {build.log && (
        <Accordion.Item value="log">
          <Accordion.Control>{t("log")}</Accordion.Control>
          <Accordion.Panel>
            <CodeEditor value={build.log} name="build.log" label={t("log")} height="420px" />
          </Accordion.Panel>
        </Accordion.Item>
      )}
    </Accordion>
  );
}
