import { useTranslation } from "react-i18next";
import { NewDocumentLink } from "@/components/NewDocumentLink";
import { PageHeader } from "@/components/PageHeader";
import { ComponentTable } from "@/pages/components/ComponentTable";

/** All components of a workspace. */
export function Component() {
  const { t } = useTranslation("components");
  return (
    <>
      <PageHeader title={t("title")} actions={<NewDocumentLink kind="component" label={t("new")} />} />
      <ComponentTable />
    </>
  );
}
