"""The HTTP border: wire to domain, one call, domain to wire."""
