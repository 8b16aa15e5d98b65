import { access } from "@/locales/ja/access";
import { assets } from "@/locales/ja/assets";
import { batch } from "@/locales/ja/batch";
import { common } from "@/locales/ja/common";
import { compare } from "@/locales/ja/compare";
import { components } from "@/locales/ja/components";
import { compute } from "@/locales/ja/compute";
import { connections } from "@/locales/ja/connections";
import { data } from "@/locales/ja/data";
import { datastores } from "@/locales/ja/datastores";
import { endpoints } from "@/locales/ja/endpoints";
import { environments } from "@/locales/ja/environments";
import { files } from "@/locales/ja/files";
import { home } from "@/locales/ja/home";
import { job } from "@/locales/ja/job";
import { jobs } from "@/locales/ja/jobs";
import { lineage } from "@/locales/ja/lineage";
import { models } from "@/locales/ja/models";
import { pipelines } from "@/locales/ja/pipelines";
import { schedules } from "@/locales/ja/schedules";
import { status } from "@/locales/ja/status";
import { submit } from "@/locales/ja/submit";
import { sweeps } from "@/locales/ja/sweeps";
import type { Messages } from "@/locales/messages";

/** All Japanese texts; the type checker misses none. */
export const ja: Messages = {
  access,
  assets,
  batch,
  common,
  compare,
  components,
  compute,
  connections,
  data,
  datastores,
  endpoints,
  environments,
  files,
  home,
  job,
  jobs,
  lineage,
  models,
  pipelines,
  schedules,
  status,
  submit,
  sweeps,
};
