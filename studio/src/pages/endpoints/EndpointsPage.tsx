import { useTranslation } from "react-i18next";
import { PageHeader } from "@/components/PageHeader";
import { Tabs } from "@/components/Tabs";
import { useAddressState } from "@/lib/address-state";
import { BatchList } from "@/pages/endpoints/batch/BatchList";
import { NewBatchEndpoint } from "@/pages/endpoints/batch/NewBatchEndpoint";
import { NewEndpoint } from "@/pages/endpoints/online/NewEndpoint";
import { OnlineList } from "@/pages/endpoints/online/OnlineList";

/** All endpoints: those that answer at once, and those that score in jobs. */
export function Component() {
  const { t } = useTranslation("endpoints");
  const [tab] = useAddressState("tab", "online");
  return (
    <>
      <PageHeader title={t("title")} actions={tab === "batch" ? <NewBatchEndpoint /> : <NewEndpoint />} />
      <Tabs
        label={t("kinds")}
        tabs={[
          { id: "online", label: t("online"), content: <OnlineList /> },
          { id: "batch", label: t("batch"), content: <BatchList /> },
        ]}
      />
    </>
  );
}
