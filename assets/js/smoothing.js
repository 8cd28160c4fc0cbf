// The smoothed line of a chart: at each point the mean of all points, weighed by how near they are (a Gaussian kernel:
// Nadaraya 1964, Watson 1964). Unlike a running (exponential) average it does not lag behind the points, and with the
// means of equal stretches instead of the points it says the same.
//
// points: {x: steps, y: values}. strength: 0 (none) to 100, at which the kernel is a tenth of the curve wide. On a
// logarithmic scale (log) the logarithms are averaged, so that the line goes through the middle of what is seen.
window.tunesmithSmooth = (points, strength, log = false) => {
  const { x } = points;
  const width = (strength / 1000) * (x.at(-1) - x[0]);
  if (!(width > 0)) return points;
  const y = log ? points.y.map(Math.log) : points.y;
  const smooth = x.map((here) => {
    let [sum, weights] = [0, 0];
    x.forEach((there, at) => {
      const weight = Math.exp(-0.5 * ((there - here) / width) ** 2);
      weights += weight;
      sum += weight * y[at];
    });
    return sum / weights;
  });
  return { x, y: log ? smooth.map(Math.exp) : smooth };
};
