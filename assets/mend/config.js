// Before anything is drawn: what the parts begin with (components/opening.py), in place of asking for it afterwards.
for (const part of window.gradio_config.components) Object.assign(part.props, window.tunesmithFirst[part.id]);
