import { Badge, Group } from "@mantine/core";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";
import { stringify } from "yaml";
import { itemKey } from "@/api/keys";
import { type ModelVersion, useModelVersion } from "@/api/models";
import { CodeView } from "@/components/code/CodeView";
import { Loading } from "@/components/Loading";
import { PageFault } from "@/components/PageFault";
import { PageHeader } from "@/components/PageHeader";
import { Tabs } from "@/components/Tabs";
import { path, useWorkspace } from "@/lib/workspace";
import { Aliases } from "@/pages/models/Aliases";
import { StageBadge } from "@/pages/models/StageBadge";
import { Actions } from "@/pages/models/version/Actions";
import { documentOf } from "@/pages/models/version/document";
import { Mlmodel } from "@/pages/models/version/Mlmodel";
import { Overview } from "@/pages/models/version/Overview";
import { SignatureTab } from "@/pages/models/version/SignatureTab";

const FileBrowser = lazy(() => import("@/components/files/FileBrowser").then((it) => ({ default: it.FileBrowser })));
const Lineage = lazy(() => import("@/components/lineage/LineageView").then((it) => ({ default: it.LineageView })));

/** One version of a model: what it is, how good it is, what it takes and gives, where it runs. */
export function Component() {
  const { name = "", version = "" } = useParams();
  const found = useModelVersion(useWorkspace(), name, version);
  if (found.isPending) return <Loading />;
  if (found.error) return <PageFault error={found.error} retry={() => void found.refetch()} />;
  return <Whole version={found.data} />;
}

function Whole({ version }: { version: ModelVersion }) {
  const { t } = useTranslation(["models", "common"]);
  const workspace = useWorkspace();
  const title = t("version", { version: version.version });
  return (
    <>
      <PageHeader
        title={`${version.name} · ${title}`}
        crumbs={[
          { label: t("title"), to: path(workspace, "models") },
          { label: version.name, to: path(workspace, "models", version.name) },
        ]}
        mark={<Marks version={version} />}
        actions={<Actions version={version} />}
      />
      <Suspense fallback={<Loading />}>
        <Tabs tabs={useTabs(version)} label={`${version.name} ${version.version}`} />
      </Suspense>
    </>
  );
}

function Marks({ version }: { version: ModelVersion }) {
  const { t } = useTranslation("models");
  return (
    <Group gap={6}>
      {(version.aliases ?? []).length > 0 && <Aliases names={version.aliases ?? []} />}
      {version.stage && version.stage !== "None" && <StageBadge stage={version.stage} />}
      {version.archived && <Badge color="gray">{t("isArchived")}</Badge>}
    </Group>
  );
}

function useTabs(version: ModelVersion) {
  const { t } = useTranslation(["models", "common"]);
  const workspace = useWorkspace();
  const scope = itemKey(workspace, "models", version.name, "files", version.version);
  const ofMlflow = [
    { id: "signature", label: t("signatureTab"), content: <SignatureTab version={version} /> },
    { id: "mlmodel", label: t("mlmodelTab"), content: <Mlmodel version={version} /> },
  ];
  const document = (
    <CodeView
      text={stringify(documentOf(version), { lineWidth: 0 })}
      name="model.yml"
      label={t("document", { version: version.version })}
    />
  );
  return [
    { id: "overview", label: t("common:overview"), content: <Overview version={version} /> },
    ...(version.type === "mlflow_model" ? ofMlflow : []),
    {
      id: "files",
      label: t("filesTab"),
      content: <FileBrowser source={{ workspace, uri: version.path, scope }} label={t("filesTab")} />,
    },
    {
      id: "lineage",
      label: t("lineageTab"),
      content: <Lineage start={{ kind: "model", name: version.name, version: version.version }} />,
    },
    { id: "yaml", label: t("documentTab"), content: document },
  ];
}
