"""Our page and our print as exporters of nbconvert's: ``hw3-html`` and ``hw3-pdf``.

``jupyter nbconvert --to hw3-pdf ANY.ipynb`` sets any notebook, JupyterLab lists both under "Save and Export Notebook
As", and ``hw3 report`` sets the whole report from its merged notebook. Of nbconvert come the tags that leave cells out,
joined streams, the choice among an output's media types and the search for templates. What a notebook holds reaches the
page through an autoescaping template and print as JSON: it is never markup.
"""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, StrictUndefined
from nbconvert.exporters import Exporter, TemplateExporter
from nbformat import NotebookNode
from traitlets import Bool, List, Unicode, default
from traitlets.config import Config

from hw3lib import paths
from hw3lib.report import html, pdf
from hw3lib.report.document import Report, link_of
from hw3lib.report.merged import report_of
from hw3lib.report.notebook import PRIORITY


class _Document(Exporter):
    """A notebook, preprocessed by nbconvert, as a document."""

    display_data_priority = List(list(PRIORITY), help="The media types of outputs, the preferred one first.").tag(
        config=True
    )

    optimistic_validation = Bool(True).tag(config=True)  # once, after all preprocessors

    @property
    def default_config(self) -> Config:
        """Cells for the notebook alone are left out, and so is the source of those that set parameters."""
        tags = {"remove_cell_tags": {"notebook-only"}, "remove_input_tags": {"parameters", "injected-parameters"}}
        enabled = {"enabled": True}
        return Config({"TagRemovePreprocessor": enabled | tags, "CoalesceStreamsPreprocessor": enabled})

    def document(self, nb: NotebookNode, resources: Any, **kw: Any) -> tuple[Report, Any]:
        """The document that the notebook is, and nbconvert's resources."""
        nb, resources = Exporter.from_notebook_node(self, nb, resources, **kw)
        name = resources.get("metadata", {}).get("name") or "notebook"
        return report_of(nb, name, tuple(self.display_data_priority)), resources


class PageExporter(_Document, TemplateExporter):
    """A notebook as one HTML file: no network, no kernel, no file beside it. Template: ``report/hw3``."""

    export_from_notebook = "hw3 page (.html)"
    output_mimetype = "text/html"
    file_extension = Unicode(".html").tag(config=True)
    template_name = Unicode("hw3").tag(config=True, affects_template=True)

    @default("extra_template_basedirs")
    def _extra_template_basedirs_default(self) -> list[str]:
        return [str(paths.templates().parent)]

    def _create_environment(self) -> Environment:
        environment: Environment = super()._create_environment()
        environment.autoescape, environment.undefined = True, StrictUndefined
        environment.trim_blocks = environment.lstrip_blocks = True
        environment.filters |= html.FILTERS
        return environment

    def from_notebook_node(self, nb: NotebookNode, resources: Any = None, **kw: Any) -> tuple[str, Any]:
        """The page, and nbconvert's resources."""
        report, resources = self.document(nb, resources, **kw)
        self.environment.filters["link"] = link_of(report)
        return self.template.render(**html.content(report)), resources


class PrintExporter(_Document):
    """A notebook as PDF, set by typst: no LaTeX, no browser. Template: ``report/hw3/hw3.typ``."""

    export_from_notebook = "hw3 print (.pdf)"
    output_mimetype = "application/pdf"
    file_extension = Unicode(".pdf").tag(config=True)

    def from_notebook_node(self, nb: NotebookNode, resources: Any = None, **kw: Any) -> tuple[bytes, Any]:
        """The PDF, and nbconvert's resources. Raises :class:`UserError` with typst's own words."""
        report, resources = self.document(nb, resources, **kw)
        return pdf.render(report), resources
