import { useTranslation } from "react-i18next";
import { NewDocumentLink } from "@/components/NewDocumentLink";
import { PageHeader } from "@/components/PageHeader";
import { Tabs } from "@/components/Tabs";
import { Curated } from "@/pages/environments/Curated";
import { OwnEnvironments } from "@/pages/environments/OwnEnvironments";

/** All environments: those of the workspace, and those that come with Lapis. */
export function Component() {
  const { t } = useTranslation("environments");
  return (
    <>
      <PageHeader title={t("title")} actions={<NewDocumentLink kind="environment" label={t("new")} />} />
      <Tabs
        name="show"
        label={t("title")}
        tabs={[
          { id: "own", label: t("own"), content: <OwnEnvironments /> },
          { id: "curated", label: t("curatedTab"), content: <Curated /> },
        ]}
      />
    </>
  );
}
