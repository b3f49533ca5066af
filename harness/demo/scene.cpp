#include "harness/demo/scene.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <optional>

#include "harness/base/parallel.h"

namespace sightline::demo {
namespace {

constexpr double kGap = 14;     // least distance between boxes, in pixels
constexpr double kMargin = 10;  // least distance from the border

double two_decimals(double value) {
  return std::round(value * 100) / 100;
}

/// The shape with the given area, turned by `degrees`, with its box at the origin.
SceneObject make_object(Shape shape, std::size_t colour, Size size, double area, double degrees) {
  SceneObject object{.shape = shape, .colour = colour, .size = size};
  object.outline = unit_outline(shape);
  const double scale = std::sqrt(area / area_of(object.outline));
  const double angle = degrees * std::numbers::pi / 180;
  for (Point& point : object.outline) {
    point = {scale * (point.x * std::cos(angle) - point.y * std::sin(angle)),
             scale * (point.x * std::sin(angle) + point.y * std::cos(angle))};
  }
  object.box = box_around(object.outline);
  return object;
}

/// Moves an object so that its box starts at `corner`; fixes outline, box and area for good.
void place(SceneObject& object, Point corner) {
  const Point shift = {corner.x - object.box.x, corner.y - object.box.y};
  for (Point& point : object.outline) {
    point = {two_decimals(point.x + shift.x), two_decimals(point.y + shift.y)};
  }
  object.box = box_around(object.outline);
  object.area = area_of(object.outline);
}

bool are_apart(const Box& one, const Box& other, double gap) {
  return one.x + one.w + gap <= other.x || other.x + other.w + gap <= one.x ||
         one.y + one.h + gap <= other.y || other.y + other.h + gap <= one.y;
}

/// A free corner for a box of the given size; none when many tries found none.
std::optional<Point> free_corner(const Box& box, const Scene& scene, Rng& rng) {
  const double most_x = scene.width - kMargin - box.w, most_y = scene.height - kMargin - box.h;
  if (most_x < kMargin || most_y < kMargin) return std::nullopt;
  for (int attempt = 0; attempt < 200; ++attempt) {
    const Box tried = {rng.uniform(kMargin, most_x), rng.uniform(kMargin, most_y), box.w, box.h};
    const auto apart = [&](const SceneObject& o) { return are_apart(tried, o.box, kGap); };
    if (std::ranges::all_of(scene.objects, apart) && std::ranges::all_of(scene.dots, apart)) {
      return Point{tried.x, tried.y};
    }
  }
  return std::nullopt;
}

double draw_area(Size size, Rng& rng) {
  switch (size) {
    case Size::kSmall:
      return rng.uniform(360, 780);
    case Size::kMedium:
      return rng.uniform(2200, 6800);
    case Size::kLarge:
      return rng.uniform(11500, 21000);
  }
  return 0;
}

double draw_degrees(Shape shape, Rng& rng) {
  if (shape == Shape::kCircle || shape == Shape::kRing || shape == Shape::kDot) return 0;
  return rng.uniform(-13, 13);
}

std::vector<std::size_t> fitting_colours(Setting setting) {
  std::vector<std::size_t> colours;
  for (std::size_t i = 0; i < palette().size(); ++i) {
    const auto& unfit = info_of(setting).unfit;
    if (std::ranges::find(unfit, palette()[i].name) == unfit.end()) colours.push_back(i);
  }
  return colours;
}

/// Sizes, the largest first, so that small things fill the gaps.
std::vector<Size> draw_sizes(Rng& rng) {
  std::vector<Size> sizes;
  for (int i = rng.between(1, 2); i > 0; --i) sizes.push_back(Size::kLarge);
  for (int i = rng.between(2, 3); i > 0; --i) sizes.push_back(Size::kMedium);
  for (int i = rng.between(0, 2); i > 0; --i) sizes.push_back(Size::kSmall);
  return sizes;
}

void add_objects(Scene& scene, Rng& rng, std::vector<std::size_t> colours) {
  std::vector<Shape> shapes;
  for (const ShapeInfo& info : all_shapes()) {
    if (info.shape != Shape::kDot) shapes.push_back(info.shape);
  }
  rng.shuffle(shapes);
  shapes.resize(4);  // few kinds and colours, so that one word is seldom enough to tell two apart
  colours.resize(std::min<std::size_t>(colours.size(), 4));
  for (const Size size : draw_sizes(rng)) {
    const Shape shape = rng.pick(shapes);
    SceneObject object =
        make_object(shape, rng.pick(colours), size, draw_area(size, rng), draw_degrees(shape, rng));
    if (const auto corner = free_corner(object.box, scene, rng)) {
      place(object, *corner);
      scene.objects.push_back(std::move(object));
    }
  }
}

SceneObject make_dot(std::size_t colour, double radius) {
  return make_object(Shape::kDot, colour, Size::kSmall, std::numbers::pi * radius * radius, 0);
}

/// A dense, roughly round cluster of dots; none if there is no room for it.
void add_crowd(Scene& scene, Rng& rng, std::size_t colour) {
  constexpr double kRadius = 56;
  const auto corner = free_corner({0, 0, 2 * kRadius, 2 * kRadius}, scene, rng);
  if (!corner) return;
  for (int attempt = 0; attempt < 400 && scene.dots.size() < 34; ++attempt) {
    const double angle = rng.uniform(0, 2 * std::numbers::pi);
    const double distance = (kRadius - 8) * std::sqrt(rng.uniform());
    const Point centre = {corner->x + kRadius + distance * std::cos(angle),
                          corner->y + kRadius + distance * std::sin(angle)};
    SceneObject dot = make_dot(colour, rng.uniform(4.5, 7));
    place(dot, {centre.x - dot.box.w / 2, centre.y - dot.box.h / 2});
    const auto apart = [&](const SceneObject& o) { return are_apart(dot.box, o.box, 1.5); };
    if (std::ranges::all_of(scene.dots, apart)) scene.dots.push_back(std::move(dot));
  }
  scene.dots_are_crowd = true;
}

void add_single_dots(Scene& scene, Rng& rng, std::size_t colour) {
  for (int i = rng.between(3, 7); i > 0; --i) {
    SceneObject dot = make_dot(colour, rng.uniform(5, 8.5));
    if (const auto corner = free_corner(dot.box, scene, rng)) {
      place(dot, *corner);
      scene.dots.push_back(std::move(dot));
    }
  }
}

}  // namespace

std::span<const NamedColour> palette() {
  static const std::array<NamedColour, 9> kPalette = {{
      {"red", "dark red", {214, 48, 49}},
      {"orange", "dark yellow", {240, 132, 24}},
      {"yellow", "gold", {250, 205, 52}},
      {"green", "dark green", {38, 150, 84}},
      {"blue", "light blue", {38, 114, 214}},
      {"purple", "violet", {122, 64, 170}},
      {"pink", "light pink", {240, 112, 160}},
      {"white", "cream", {246, 244, 238}},
      {"black", "dark gray", {42, 42, 50}},
  }};
  return kPalette;
}

std::span<const SettingInfo> all_settings() {
  static const std::array<SettingInfo, 8> kSettings = {{
      {Setting::kMeadow,
       "in front of",
       "rolling green hills under a pale blue sky",
       "hills",
       "grass",
       "The day is bright, and the hills grow darker toward the viewer.",
       true,
       {"green"}},
      {Setting::kSea,
       "in front of",
       "a calm sea at sunset",
       "sea",
       "water",
       "The sky glows from violet above to orange at the horizon.",
       true,
       {"orange", "blue", "pink", "purple"}},
      {Setting::kDunes,
       "in front of",
       "sand dunes under a clear sky",
       "sand",
       "desert",
       "Warm light lies on the sand, and the crests of the dunes are sharp.",
       true,
       {"yellow", "orange"}},
      {Setting::kPeaks,
       "in front of",
       "misty blue mountains",
       "mountains",
       "hills",
       "Each ridge is paler than the one before it, as in morning mist.",
       true,
       {"blue", "purple"}},
      {Setting::kNight,
       "in front of",
       "a night sky above dark hills",
       "night sky",
       "sky",
       "A faint green aurora hangs in the sky.",
       true,
       {"black", "blue", "purple", "green"}},
      {Setting::kTable,
       "on",
       "a wooden table top",
       "table",
       "wood",
       "The boards run from left to right, and their grain shows clearly.",
       false,
       {"orange", "black"}},
      {Setting::kPaper,
       "on",
       "a sheet of cream-colored paper",
       "paper",
       "nothing",
       "The paper has a fine grain and a light that falls from the upper left.",
       false,
       {"white", "yellow"}},
      {Setting::kStudio,
       "in front of",
       "a plain teal backdrop",
       "backdrop",
       "wall",
       "The backdrop is brightest in the middle and fades toward the corners.",
       false,
       {"green", "blue"}},
  }};
  return kSettings;
}

const SettingInfo& info_of(Setting setting) {
  return all_settings()[static_cast<std::size_t>(setting)];
}

std::string name_of(Size size) {
  constexpr std::array<const char*, 3> kNames = {"small", "medium-sized", "large"};
  return kNames[static_cast<std::size_t>(size)];
}

Scene make_scene(std::int64_t id, Setting setting, Rng rng) {
  struct Format {
    int width, height;
  };
  // Sizes that are frequent in COCO.
  constexpr std::array<Format, 6> kFormats = {
      {{640, 480}, {640, 427}, {480, 640}, {640, 480}, {500, 375}, {612, 612}}};
  const Format format = rng.pick(kFormats);
  Scene scene{.id = id,
              .seed = rng.next(),
              .width = format.width,
              .height = format.height,
              .setting = setting};
  std::vector<std::size_t> colours = fitting_colours(scene.setting);
  rng.shuffle(colours);
  const double choice = rng.uniform();
  // The dots' colour is one that no other object has.
  if (choice < 0.2) add_crowd(scene, rng, colours.back());
  add_objects(scene, rng, {colours.begin(), colours.end() - 1});
  if (choice >= 0.2 && choice < 0.45) add_single_dots(scene, rng, colours.back());
  return scene;
}

std::vector<Scene> make_scenes(std::size_t count, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<std::int64_t> ids;
  std::vector<Setting> settings;  // each as often as the others
  for (std::size_t i = 0; i < count; ++i) {
    ids.push_back((i == 0 ? 1000 : ids.back()) + rng.between(1, 9000));
    settings.push_back(all_settings()[i % all_settings().size()].setting);
  }
  rng.shuffle(settings);
  std::vector<Scene> scenes(count);
  parallel_for(count, 4, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      scenes[i] = make_scene(ids[i], settings[i], Rng(seed, static_cast<std::uint64_t>(ids[i])));
    }
  });
  return scenes;
}

}  // namespace sightline::demo
