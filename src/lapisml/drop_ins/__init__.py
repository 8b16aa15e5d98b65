"""Stand-ins for packages of the cloud that scripts of jobs import: ``azureml.core``, ``.fsspec``, ``.mlflow``.

They lie last on the import path of a job (`lapisml.runner.overlay`), so that a real package wins. They run in the
environment of the job: Python 3.8 or newer, the standard library, and only relative imports of their own.
"""
