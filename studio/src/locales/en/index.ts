import { access } from "@/locales/en/access";
import { assets } from "@/locales/en/assets";
import { batch } from "@/locales/en/batch";
import { common } from "@/locales/en/common";
import { compare } from "@/locales/en/compare";
import { components } from "@/locales/en/components";
import { compute } from "@/locales/en/compute";
import { connections } from "@/locales/en/connections";
import { data } from "@/locales/en/data";
import { datastores } from "@/locales/en/datastores";
import { endpoints } from "@/locales/en/endpoints";
import { environments } from "@/locales/en/environments";
import { files } from "@/locales/en/files";
import { home } from "@/locales/en/home";
import { job } from "@/locales/en/job";
import { jobs } from "@/locales/en/jobs";
import { lineage } from "@/locales/en/lineage";
import { models } from "@/locales/en/models";
import { pipelines } from "@/locales/en/pipelines";
import { schedules } from "@/locales/en/schedules";
import { status } from "@/locales/en/status";
import { submit } from "@/locales/en/submit";
import { sweeps } from "@/locales/en/sweeps";

/** All English texts: the measure for every other language. */
export const en = {
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
