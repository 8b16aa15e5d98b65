import { Badge, Group, Select } from "@mantine/core";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import { type DataVersion, useDataVersion, useDataVersions } from "@/api/data";
import { itemKey } from "@/api/keys";
import { AssetActions } from "@/components/assets/AssetActions";
import { CodeView } from "@/components/code/CodeView";
import { FileBrowser } from "@/components/files/FileBrowser";
import { Loading } from "@/components/Loading";
import { PageFault } from "@/components/PageFault";
import { PageHeader } from "@/components/PageHeader";
import { type Tab, Tabs } from "@/components/Tabs";
import { path, useWorkspace } from "@/lib/workspace";
import { documentText } from "@/pages/data/document";
import { Properties } from "@/pages/data/Properties";
import { Preview } from "@/pages/data/profile/Preview";
import { ProfileTab } from "@/pages/data/profile/ProfileTab";
import { Versions } from "@/pages/data/Versions";

const LineageView = lazy(async () => ({ default: (await import("@/components/lineage/LineageView")).LineageView }));

/** A version of data; the newest when the address names none. */
export function Component() {
  const workspace = useWorkspace();
  const { name = "", version = "latest" } = useParams();
  const data = useDataVersion(workspace, name, version);
  if (data.isPending) return <Loading />;
  if (data.error) return <PageFault error={data.error} retry={() => void data.refetch()} />;
  return <Details key={data.data.version} data={data.data} />;
}

function Details({ data }: { data: DataVersion }) {
  const { t } = useTranslation(["data", "common"]);
  const workspace = useWorkspace();
  return (
    <>
      <PageHeader
        title={data.name}
        crumbs={[{ label: t("title"), to: path(workspace, "data") }]}
        mark={
          <Group gap="xs">
            <VersionChoice data={data} />
            {data.archived && <Badge color="gray">{t("isArchived")}</Badge>}
          </Group>
        }
        actions={<AssetActions noun="data" asset={data} />}
      />
      <Tabs label={data.name} tabs={useTabs(data)} />
    </>
  );
}

function useTabs(data: DataVersion): Tab[] {
  const { t } = useTranslation(["data", "common", "lineage"]);
  const workspace = useWorkspace();
  const source = {
    workspace,
    uri: `azureml:${data.name}:${data.version}`,
    scope: itemKey(workspace, "data", data.name, data.version),
  };
  return [
    { id: "overview", label: t("common:overview"), content: <Properties data={data} /> },
    { id: "columns", label: t("tab.columns"), content: <ProfileTab data={data} /> },
    { id: "preview", label: t("tab.preview"), content: <Preview data={data} /> },
    { id: "files", label: t("tab.files"), content: <FileBrowser source={source} label={t("tab.files")} /> },
    { id: "lineage", label: t("lineage:title"), content: <Origins data={data} /> },
    { id: "versions", label: t("tab.versions"), content: <Versions name={data.name} /> },
    {
      id: "document",
      label: t("tab.document"),
      content: <CodeView text={documentText(data)} name="data.yml" label={t("tab.document")} />,
    },
  ];
}

/** Which jobs made this version and which used it, and what came of that. */
function Origins({ data }: { data: DataVersion }) {
  return (
    <Suspense fallback={<Loading />}>
      <LineageView start={{ kind: "data", name: data.name, version: data.version }} />
    </Suspense>
  );
}

function VersionChoice({ data }: { data: DataVersion }) {
  const { t } = useTranslation("data");
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const versions = useDataVersions(workspace, data.name);
  const known = versions.data?.value.map(({ version }) => version) ?? [];
  return (
    <Select
      size="xs"
      w={140}
      aria-label={t("version", { name: data.name })}
      data={known.includes(data.version) ? known : [data.version, ...known]}
      value={data.version}
      allowDeselect={false}
      searchable={known.length > 12}
      onChange={(version) => version && void navigate(path(workspace, "data", data.name, version))}
    />
  );
}
