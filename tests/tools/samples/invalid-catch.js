try { act(); } catch { watch(); }
