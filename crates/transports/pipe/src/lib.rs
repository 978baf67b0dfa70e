//! Anonymous pipes: pipe(2)
