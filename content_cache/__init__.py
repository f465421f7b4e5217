"""Course content: blobs, the catalogue, the publisher of a repository and the import of one."""
