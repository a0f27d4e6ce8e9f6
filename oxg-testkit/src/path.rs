//! Paths with holes in them: `/items/{id}`.

/// A path whose segments may be parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathTemplate(Vec<Segment>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Exactly(String),
    /// `{name}`: one segment, whatever it is, but not empty.
    One,
    /// `{*name}`, at the end only: all that is left, even nothing.
    Rest,
}

impl PathTemplate {
    /// The empty path is `/`.
    pub(crate) fn parse(path: &str) -> Self {
        let mut segments: Vec<_> = path.split('/').skip(1).map(Segment::parse).collect();
        if segments.is_empty() {
            segments.push(Segment::Exactly(String::new()));
        }
        let last = segments.len() - 1;
        for (index, segment) in segments.iter_mut().enumerate() {
            if *segment == Segment::Rest && index != last {
                *segment = Segment::One;
            }
        }
        Self(segments)
    }

    pub(crate) fn matches(&self, path: &str) -> bool {
        let mut given = path.split('/').skip(1);
        for segment in &self.0 {
            let matched = match segment {
                Segment::Rest => return true,
                Segment::One => given.next().is_some_and(|given| !given.is_empty()),
                Segment::Exactly(text) => given.next() == Some(text),
            };
            if !matched {
                return false;
            }
        }
        given.next().is_none()
    }

    pub(crate) fn has_holes(&self) -> bool {
        self.0.iter().any(|segment| !matches!(segment, Segment::Exactly(_)))
    }

    /// The path with something harmless in every hole.
    pub(crate) fn filled(&self) -> String {
        let mut filled = String::new();
        for segment in &self.0 {
            filled.push('/');
            filled.push_str(match segment {
                Segment::Exactly(text) => text,
                Segment::One | Segment::Rest => "any",
            });
        }
        filled
    }
}

impl Segment {
    fn parse(text: &str) -> Self {
        match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) if name.starts_with('*') => Self::Rest,
            Some(_) => Self::One,
            None => Self::Exactly(text.to_owned()),
        }
    }
}
