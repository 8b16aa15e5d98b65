import { Badge, NativeSelect } from "@mantine/core";
import { lazy, Suspense, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import { type ComponentVersion, useComponentVersions } from "@/api/components";
import { ApiError } from "@/api/errors";
import { itemKey } from "@/api/keys";
import { AssetActions } from "@/components/assets/AssetActions";
import { CodeView } from "@/components/code/CodeView";
import { ErrorBox } from "@/components/ErrorBox";
import { FileBrowser } from "@/components/files/FileBrowser";
import { Loading } from "@/components/Loading";
import { NewDocumentLink } from "@/components/NewDocumentLink";
import { PageHeader } from "@/components/PageHeader";
import { type Tab, Tabs } from "@/components/Tabs";
import { path, useWorkspace } from "@/lib/workspace";
import { yamlOf } from "@/pages/components/document";
import { Interface } from "@/pages/components/Interface";
import { UsedBy } from "@/pages/components/UsedBy";

const GraphOf = lazy(() => import("@/pages/components/GraphOf"));

/** One component: the version of the address, or the newest. */
export function Component() {
  const workspace = useWorkspace();
  const { name = "", version } = useParams();
  const versions = useComponentVersions(workspace, name);
  if (versions.error) return <ErrorBox error={versions.error} retry={() => void versions.refetch()} />;
  if (versions.isPending) return <Loading />;
  const all = versions.data;
  const shown = version
    ? all.find((one) => one.version === version)
    : (all.find(({ archived }) => !archived) ?? all[0]);
  if (!shown) return <Missing name={name} version={version ?? ""} />;
  return <Whole component={shown} versions={all} />;
}

function Missing({ name, version }: { name: string; version: string }) {
  const { t } = useTranslation();
  return <ErrorBox error={new ApiError(404, "NotFound", `${name} ${version}: ${t("notFound.title")}`)} />;
}

function Whole({ component, versions }: { component: ComponentVersion; versions: ComponentVersion[] }) {
  const { t } = useTranslation(["components", "assets"]);
  const workspace = useWorkspace();
  return (
    <>
      <PageHeader
        title={component.display_name ?? component.name}
        crumbs={[{ label: t("title"), to: path(workspace, "components") }]}
        mark={component.archived && <Badge variant="default">{t("archivedMark")}</Badge>}
        actions={
          <>
            <Versions component={component} versions={versions} />
            <NewDocumentLink
              kind="component"
              label={t("assets:newVersion")}
              from={`${component.name}:${component.version}`}
              isQuiet
            />
            <AssetActions noun="components" asset={component} />
          </>
        }
      />
      <Tabs tabs={useTabs(component)} label={component.name} />
    </>
  );
}

function Versions({ component, versions }: { component: ComponentVersion; versions: ComponentVersion[] }) {
  const { t } = useTranslation("components");
  const workspace = useWorkspace();
  const go = useNavigate();
  return (
    <NativeSelect
      size="xs"
      aria-label={t("chooseVersion")}
      value={component.version}
      onChange={(event) => void go(path(workspace, "components", component.name, event.currentTarget.value))}
      data={versions.map(({ version, archived }) => ({
        value: version,
        label: `${t("chooseVersion")} ${version}${archived ? ` (${t("archivedMark")})` : ""}`,
      }))}
    />
  );
}

function useTabs(component: ComponentVersion): Tab[] {
  const { t } = useTranslation("components");
  const workspace = useWorkspace();
  const { name, version, code } = component;
  const source = useMemo(
    () => (code ? { workspace, uri: code, scope: itemKey(workspace, "components", name, version, "code") } : null),
    [workspace, name, version, code],
  );
  const graph: Tab = {
    id: "graph",
    label: t("graph"),
    content: (
      <Suspense fallback={<Loading />}>
        <GraphOf component={component} />
      </Suspense>
    ),
  };
  const yaml = <CodeView text={yamlOf(component)} name="component.yml" label={t("document")} />;
  return [
    { id: "interface", label: t("interface"), content: <Interface component={component} /> },
    ...(component.type === "pipeline" ? [graph] : []),
    ...(source ? [{ id: "code", label: t("code"), content: <FileBrowser source={source} label={t("code")} /> }] : []),
    { id: "used", label: t("usedBy"), content: <UsedBy component={component} /> },
    { id: "document", label: t("document"), content: yaml },
  ];
}
