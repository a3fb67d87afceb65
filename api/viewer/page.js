"use strict";
// Everything is folded at first: opened, 150 operations take a browser seconds to lay out.
SwaggerUIBundle({
  url: "/openapi.yaml",
  dom_id: "#reference",
  deepLinking: true,
  docExpansion: "none",
  defaultModelsExpandDepth: 0,
  defaultModelRendering: "model",
  filter: true,
  displayRequestDuration: true,
  tryItOutEnabled: false,
  persistAuthorization: false, // a key must not outlive the page
  validatorUrl: null, // it would be asked over the network
});
