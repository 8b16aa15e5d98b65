"""Azure Blob's protocol over a workspace's datastores, as much of it as uploads and downloads of the SDK use."""
