// Nothing is asked of any other host: no validator, no fonts, no analytics.
const reader = document.getElementById("reader");
SwaggerUIBundle({
  domNode: reader,
  url: reader.dataset.document,
  validatorUrl: null,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
});
