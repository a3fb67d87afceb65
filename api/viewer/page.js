"use strict";

// The viewer shows a parameter that all operations of a path share as one without a name, if the
// description refers to it (swagger-ui-dist 5.35.0). So each operation gets the shared ones itself.
function shareParameters(description) {
  const methods = ["get", "put", "post", "delete", "patch"];
  for (const path of Object.values(description?.paths ?? {})) {
    const shared = path.parameters ?? [];
    delete path.parameters;
    for (const operation of methods.map((m) => path[m]).filter(Boolean)) {
      operation.parameters = shared.concat(operation.parameters ?? []);
    }
  }
  return description;
}

const sharing = {
  statePlugins: { spec: { wrapActions: {
    updateJsonSpec: (update) => (description) => update(shareParameters(description)),
  } } },
};

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
  plugins: [sharing],
  validatorUrl: null, // it would be asked over the network
});
