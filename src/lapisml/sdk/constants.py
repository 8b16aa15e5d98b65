"""Words that documents use, under the names of ``azure.ai.ml.constants``."""

from __future__ import annotations


class AssetTypes:
    """Types of data, models, inputs and outputs."""

    URI_FILE = "uri_file"
    URI_FOLDER = "uri_folder"
    MLTABLE = "mltable"
    MLFLOW_MODEL = "mlflow_model"
    CUSTOM_MODEL = "custom_model"
    TRITON_MODEL = "triton_model"


class InputOutputModes:
    """How a job reaches an input or output."""

    MOUNT = "mount"
    DOWNLOAD = "download"
    UPLOAD = "upload"
    RO_MOUNT = "ro_mount"
    RW_MOUNT = "rw_mount"
    EVAL_MOUNT = "eval_mount"
    EVAL_DOWNLOAD = "eval_download"
    DIRECT = "direct"


class BatchDeploymentOutputAction:
    """What becomes of what a batch deployment's script returns."""

    APPEND_ROW = "append_row"
    SUMMARY_ONLY = "summary_only"
