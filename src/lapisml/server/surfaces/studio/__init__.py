"""The web page: the files that the build of ``studio/`` leaves in ``page/``, as they are."""
