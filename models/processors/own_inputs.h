#pragma once

#include "harness/base/box.h"
#include "harness/media/image.h"
#include "models/processors/image_protocol.h"
#include "models/processors/pixel_tensor.h"

/// Inputs of networks whose image processing is their own and not transformers'. Where Pillow's
/// pass order matters, it is that of `order`.
namespace sightline {

/// FlowMo's tokenizer: sample / 127.5 - 1 in double, rounded to float, [3, height, width]. The
/// image has its final size; `resize_shorter_side` (bilinear) and `center_crop` of
/// harness/media/crop.h bring it there.
PixelTensor flowmo_pixels(const Image& image);

/// ChatRex: the image on a square of CLIP's mean colour, seen by two vision towers.
struct ChatrexInput {
  PixelTensor pixel_values_aux;  ///< [3, side, side] for ConvNeXt: bicubic, CLIP's mean and std
  PixelTensor pixel_values;      ///< [3, low, low] for CLIP's ViT: the above, bilinear
  FrameSize padding;             ///< columns and rows before the image on the square
  double scale = 1;              ///< side / longer side of the image

  /// A box of the original image in pixels of `pixel_values_aux`; not clipped.
  Box to_input(const Box& box) const;
};
ChatrexInput chatrex_input(const Image& image, int side = 768, int low = 336,
                           const ImageProtocol& protocol = {});

/// UPN's size of an image: the shorter side `shorter`, or so that the longer has about `longest`
/// pixels (it may exceed that by a few; Python's rounding).
FrameSize upn_size(FrameSize image, int shorter = 800, int longest = 1333);

/// UPN: [3, height, width] of `upn_size`, bilinear, ImageNet's mean and standard deviation.
PixelTensor upn_pixels(const Image& image, int shorter = 800, int longest = 1333,
                       PassOrder order = PassOrder::kPillow12);

}  // namespace sightline
